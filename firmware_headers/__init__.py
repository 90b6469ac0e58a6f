"""Every line of C that reaches a device. Data only: exporters and runtimes read these files."""
