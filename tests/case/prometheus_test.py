#!/usr/bin/python3
"""prometheus_test.py - farguard-webhook's metrics, scraped by a real Prometheus (TAP).

FARGUARD_BUILD names the build directory, else FARGUARD_MODE the mode (release).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook"))
from api import Api  # pylint: disable=wrong-import-position
from server import Webhook, free_port, review, within  # pylint: disable=wrong-import-position
from tap import end, report


class Prometheus:
    def __init__(self, work, target):
        self.port = free_port()
        config = os.path.join(work, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                       "scrape_configs": [{"job_name": "farguard", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}, file)
        with open(os.path.join(work, "prometheus.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={work}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], stdout=log, stderr=log)

    def value(self, query):
        """Of the only series that it gives, or None."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def end(self):
        self.process.terminate()
        self.process.wait(20)


def scraped(webhook, prometheus):
    report(within(30, lambda: prometheus.value('up{job="farguard"}') == 1), "it is scraped", prometheus.value("up"))
    for _ in range(20):
        webhook.review(review("shop"))
    counted = 'farguard_admission_requests_total{operation="CREATE",reason="injected"}'
    report(within(30, lambda: prometheus.value(counted) == 20), "and counts what was reviewed", prometheus.value(counted))
    report(prometheus.value("farguard_build_info") == 1, "its version is a label", prometheus.value("farguard_build_info"))
    late = prometheus.value("histogram_quantile(0.99, farguard_admission_duration_seconds_bucket)")
    report(late is not None and 0 < late < 60, "its histogram has quantiles", late)
    ends = prometheus.value("farguard_certificate_expiry_timestamp_seconds - time()")
    report(ends is not None and ends > 86400, "its certificate's end is a time", ends)
    dropped = prometheus.value('scrape_samples_scraped{job="farguard"} - scrape_samples_post_metric_relabeling{job="farguard"}')
    report(dropped == 0, "every sample is taken", dropped)


def main():
    if not shutil.which("prometheus"):
        print("ok 1 - scraped by Prometheus # SKIP no prometheus (hack/deps.sh install)\n1..1")
        return 0
    with tempfile.TemporaryDirectory(prefix="farguard-prometheus-") as work:
        api = Api()
        api.put_namespace("shop", {"farguard.io/inject": "enabled"}, {})
        webhook = Webhook(api, work)
        prometheus = Prometheus(work, webhook.metrics_port)
        try:
            scraped(webhook, prometheus)
        finally:
            prometheus.end()
            webhook.end()
            api.stop()
    return end()


if __name__ == "__main__":
    sys.exit(main())
