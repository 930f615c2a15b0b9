"""Sub-graphs: definitions are read and checked (`definitions`), then every use is written out (`expand`)."""
