/** The addresses that a file of hosts has for a name, IPv4 only, in their order. */
export function addressesIn(hosts: string, name: string): string[] {
  const found = hosts.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return address?.includes('.') === true && names.includes(name) ? [address] : [];
  });
  return [...new Set(found)];
}
