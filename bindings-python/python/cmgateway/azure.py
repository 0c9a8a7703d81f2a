"""Azure's management services: the Resource Manager, Key Vault, tokens, the classic API."""

from ._native import (
    Credential,
    KeyVault,
    ManagementCertificate,
    Operation,
    ResourceManager,
    ServiceManagement,
    access_token,
    azure_cli,
    client_certificate,
    client_secret,
    managed_identity,
)

__all__ = [
    "Credential",
    "KeyVault",
    "ManagementCertificate",
    "Operation",
    "ResourceManager",
    "ServiceManagement",
    "access_token",
    "azure_cli",
    "client_certificate",
    "client_secret",
    "managed_identity",
]
