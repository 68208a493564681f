"""What an operator is told of the jobs, without what is in them."""
