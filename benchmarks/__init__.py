"""What the product costs, beside other ways to do the same work. Nothing here is imported by the product."""
