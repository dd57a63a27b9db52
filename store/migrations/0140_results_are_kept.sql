-- How a campaign did, kept before its messages, receipts or events are dropped: {"variants": {…}, "links": […]}.
alter table campaign_runs add column results jsonb;     -- null: not kept, all rows are there
