"""From the configuration to the definition: modeling units, the graph, source bundles, the compiled pipeline."""
