# Threads, so that connections are kept open between requests: the fastest of gunicorn's own kinds of workers here.
import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 4
worker_class = "gthread"
threads = 4
keepalive = 60
