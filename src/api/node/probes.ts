/** What looking at the running guest from outside showed. */
export interface NodeProbes {
  readonly address?: string;
  readonly fqdn?: string;
  /** Where the network has the reservation. */
  readonly reserved?: { readonly defined: boolean; readonly live: boolean };
  /** The address that the newest lease of its MAC gives it. */
  readonly leasedAddress?: string;
  /** What the network's DNS answers for the name and for the address. */
  readonly dns?: { readonly addresses: readonly string[]; readonly names: readonly string[] };
  /** Why it did not answer. */
  readonly dnsFailure?: { readonly reason: string; readonly message: string };
  /** Undefined: not tried. */
  readonly ssh?: { readonly ok: boolean; readonly reason: string; readonly message: string };
  readonly cloudInit?: CloudInitResult;
  /** Where else ssh answers, with the guest's key. */
  readonly reachedAt?: string;
  /** The addresses that the vmhost's own file of hosts has for the name; undefined: it does not name the guest. */
  readonly hosts?: readonly string[];
}

export interface CloudInitResult {
  readonly done: boolean;
  readonly errors: readonly string[];
  readonly detail: string;
}
