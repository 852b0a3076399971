"""The wrong edits, by what they break."""

from tests.kubernetes.wrong_edits import network, operation, pods

WRONG_EDITS = [
    *(*pods.PODS, *pods.RESOURCES, *pods.SECURITY),
    *(*network.SERVICES, *network.ROUTES, *network.POLICIES),
    *(*operation.AUTOSCALING, *operation.QUERIES, *operation.SETTINGS, *operation.SCHEMAS),
]
