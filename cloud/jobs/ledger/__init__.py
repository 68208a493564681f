"""What model calls have cost: the rows, their sums, and the budgets that they count against."""
