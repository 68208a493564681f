"""Who has which job: the queue, the claim of an attempt, the mark of the living, and the way back into the queue.

The queue is procrastinate's: its table, its order, its lock for each user, its notifications. Its worker is not
used. That ends, and its tasks with it, when the database goes away; and it marks an entry as taken in another
transaction than the one that begins the job. Here both are one transaction, and whatever takes an attempt from its
runner does so in one as well. So an entry is `doing` exactly while its job is `running`.
"""
