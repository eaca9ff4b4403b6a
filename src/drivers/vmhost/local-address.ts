import { createSocket } from 'node:dgram';

/** The address of this machine on its way to a server; undefined without one. Nothing is sent. @param server its URL */
export function readLocalAddress(server: string): Promise<string | undefined> {
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    function done(address: string | undefined): void {
      socket.close();
      resolve(address);
    }
    socket.once('error', () => done(undefined));
    socket.connect(Number(port || 443), host, () => done(socket.address().address));
  });
}
