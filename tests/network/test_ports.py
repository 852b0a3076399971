from gateway.network.ports import free_port

EPHEMERAL_FROM = 32_768  # Linux's default: see net.ipv4.ip_local_port_range


def test_free_ports_are_distinct_and_never_assigned_by_the_kernel() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(1024 <= port < EPHEMERAL_FROM for port in ports)
