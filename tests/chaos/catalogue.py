"""All faults, by name, in the order of the table."""

from __future__ import annotations

from chaos import faults_kafka, faults_links, faults_log, faults_services
from chaos.fault import FAULTS

__all__ = ["FAULTS", "faults_kafka", "faults_links", "faults_log", "faults_services"]
