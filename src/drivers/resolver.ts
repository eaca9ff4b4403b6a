/** Asks one DNS server, never the vmhost's own files. Reason of all failures: DnsUnreachable. */
export interface DnsProbe {
  /** A records, sorted; [] when there are none. */
  addresses(server: string, name: string): Promise<string[]>;
  /** PTR records, sorted; [] when there are none. */
  names(server: string, address: string): Promise<string[]>;
}
