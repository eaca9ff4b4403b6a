# k8slabd in a container, for a vmhost whose libvirt runs outside of it. It needs the vmhost's network (it asks the networks'
# dnsmasq, logs in to guests, and moves their taps between bridges: NET_ADMIN), its process ids (it tells dnsmasq to read again),
# the directories it writes, and as long to stop as its unit gives it. Files such as /etc/hosts are mounts there, which are written
# in place; one that others replace by a rename needs a restart of the container.
#   docker build -t k8slab .
#   docker run -d --name k8slabd --network host --pid host --restart unless-stopped --stop-timeout 90 \
#     --cap-drop ALL --cap-add DAC_OVERRIDE --cap-add CHOWN --cap-add FOWNER --cap-add KILL --cap-add NET_ADMIN \
#     --security-opt no-new-privileges --memory 2g --pids-limit 512 \
#     -v /run/libvirt:/run/libvirt -v /var/lib/libvirt:/var/lib/libvirt -v /etc/libvirt:/etc/libvirt:ro \
#     -v /etc/k8slab:/etc/k8slab -v /etc/k8slab.d:/etc/k8slab.d:ro -v /var/lib/k8slab:/var/lib/k8slab -v /run/k8slab:/run/k8slab \
#     -v /etc/hosts:/etc/hosts -v /etc/ansible:/etc/ansible -v /etc/ssh/ssh_config.d:/etc/ssh/ssh_config.d k8slab
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends npm ca-certificates
WORKDIR /src
COPY . .
RUN npm ci && npm run package -- --fast --directory /out

FROM debian:bookworm-slim
COPY --from=build /out/ /tmp/package/
RUN apt-get update \
  && apt-get install -y --no-install-recommends /tmp/package/k8slab_*.deb iptables xz-utils zstd \
  && rm -rf /tmp/package /var/lib/apt/lists/*
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/sbin/k8slabd"]
