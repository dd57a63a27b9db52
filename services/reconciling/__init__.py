"""Bringing PostgreSQL and Temporal in step after PostgreSQL was restored to an earlier time.

Temporal then knows what happened since: which pages were started, what was handed to gateways, what was not. Nothing
that may have been sent is sent again, and what was certainly not sent goes on.
"""
