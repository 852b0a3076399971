"""The Helm chart, generated from the Kubernetes overlay `cpu`: `python -m deploy.helm`."""
