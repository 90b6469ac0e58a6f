"""Every line of JavaScript and MicroPython that reaches a user; export/scripts/ assembles it."""
