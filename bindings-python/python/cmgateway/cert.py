"""Certificates: what a CER file holds, thumbprints as Windows shows them, and a PKI for rehearsals."""

from ._native import Certificate, DevelopmentPki, IssuedCertificate, Thumbprint, load_cer

__all__ = ["Certificate", "DevelopmentPki", "IssuedCertificate", "Thumbprint", "load_cer"]
