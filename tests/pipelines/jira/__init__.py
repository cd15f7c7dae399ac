"""Tests of the package that knows Jira's API."""
