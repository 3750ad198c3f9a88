"""DO: plans, jobs, their steps and logs; request, claim, execute, cancel, reap; promotion."""
