"""Every line of JavaScript that reaches a user; export/scripts/ puts it together."""
