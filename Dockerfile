# k8slabd in a container, for a vmhost whose libvirt runs outside of it. It needs the vmhost's network (it asks the networks'
# dnsmasq and logs in to guests), its process ids (it tells dnsmasq to read again) and the directories it writes:
#   docker build -t k8slab .
#   docker run -d --name k8slabd --network host --pid host --restart unless-stopped \
#     -v /run/libvirt:/run/libvirt -v /var/lib/libvirt:/var/lib/libvirt -v /etc/libvirt:/etc/libvirt:ro \
#     -v /etc/k8slab:/etc/k8slab -v /etc/k8slab.d:/etc/k8slab.d:ro -v /var/lib/k8slab:/var/lib/k8slab -v /run/k8slab:/run/k8slab \
#     -v /etc/hosts:/etc/hosts -v /etc/ansible:/etc/ansible -v /etc/ssh/ssh_config.d:/etc/ssh/ssh_config.d k8slab
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends npm ca-certificates
WORKDIR /src
COPY . .
RUN npm ci && packaging/install.sh /out

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 iptables libvirt-clients nftables qemu-utils xorriso xz-utils zstd \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/ /usr/
ENTRYPOINT ["/usr/sbin/k8slabd"]
