"""What patterns are made of: teams, joins, counting, forms, stops, jobs, plans; no pattern."""
