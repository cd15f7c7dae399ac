"""Names of the jobs, for all who start them or look after them. What is in a job: ``pipelines.definitions``."""

JOB_NAME = "flow_job"
"""Everything, from Jira to the published tables; where there are several sites, of one of them."""

PUBLISH_JOB_NAME = "publish_job"
"""Lays the tables of several sites together."""
