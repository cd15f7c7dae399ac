"""A Jira site on loopback: recorded or simulated issues behind Jira's own routes. Nothing here computes a metric."""
