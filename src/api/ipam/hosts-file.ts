/** Addresses by name, IPv4 only, in the order of the file. */
export type HostsTable = ReadonlyMap<string, readonly string[]>;

/** What a file of hosts says (hosts(5)). */
export function parseHosts(text: string): HostsTable {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address?.includes('.') !== true) continue;
    for (const name of names) {
      const found = table.get(name) ?? [];
      if (!found.includes(address)) found.push(address);
      table.set(name, found);
    }
  }
  return table;
}
