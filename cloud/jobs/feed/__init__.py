"""The events of jobs and projects as they happen, for any number of clients of one API process.

One connection listens (`listener`), another reads the new rows of all that is followed (`feed`), each row once
however many follow it. What has been read is handed to the followers' bounded queues as it goes over the wire
(`tail`, `wire`); a follower that came late first reads what it has missed.
"""

from cloud.jobs.feed.feed import EventFeed
from cloud.jobs.feed.topic import Topic

__all__ = ["EventFeed", "Topic"]
