"""``python -m local_kafka``."""

from local_kafka.cli import main

if __name__ == "__main__":
    main()
