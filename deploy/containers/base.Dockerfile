# A stand-in for the official image of the same name where no registry of images can be reached:
# this system's own Debian packages, with this machine's certificates (see engine.py).
FROM rialto-debian:bookworm
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN ln -sf /usr/bin/python3 /usr/local/bin/python
