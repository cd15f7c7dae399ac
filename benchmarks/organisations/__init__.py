"""Simulated organisations whose constraint is known, and what Jira would show of them.

The model of an organisation is this package's own and shares nothing with the product's replay: what the product
infers is compared with what an intervention in the true model does.
"""
