"""One record per builtin, function and map function, in families."""
