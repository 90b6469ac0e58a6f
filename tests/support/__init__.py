"""What tests share.

Imported before NumPy, which gets one thread: the threads of several workers wait for each other,
which takes a bound of a wide network five times the processor time.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
