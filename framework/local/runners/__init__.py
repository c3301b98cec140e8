"""Ways to start a job's processes, one module each. `framework.local.isolation` chooses among them."""
