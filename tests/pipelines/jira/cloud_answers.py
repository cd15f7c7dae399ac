"""What Jira Cloud answers to a sweep, and to requests for issues and changelogs in bulk."""

from tests.pipelines.jira.rest import issue

JQL = "project in (10)"


def page(*ids, token=None, last=None, **more):
    answer = {"issues": [{"id": str(one)} for one in ids], **more}
    return answer | ({"nextPageToken": token} if token else {}) | ({} if last is None else {"isLast": last})


def bare(number, **fields):
    """An issue as bulkfetch sends it: without changelog."""
    return {key: value for key, value in issue(number, **fields).items() if key != "changelog"}


def log(number, *histories):
    return {"issueId": str(number), "changeHistories": list(histories)}
