"""``flow doctor``: what stands between this machine and a good run, each with its fix. Nothing is changed."""
