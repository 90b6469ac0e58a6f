"""How good a model is: its scores, the rows behind them, the pictures of both."""
