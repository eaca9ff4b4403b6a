export interface SeedContent {
  userData: string;
  metaData: string;
  networkConfig: string;
  vendorData?: string | undefined;
}

export interface SeedWriteOptions {
  /** A seed of the node that must stay, such as the one a running guest has. */
  keep?: string | undefined;
}

/** The nodes' NoCloud seeds, `DIR/NODE-HASH.iso`, where the hash is of the content. */
export interface Seeds {
  path(node: string, hash: string): string;
  exists(node: string, hash: string): Promise<boolean>;
  /** Writes the ISO (0600) and removes the node's other seeds; its path. Reasons: CommandNotFound, NoSpace, … */
  write(node: string, hash: string, content: SeedContent, options?: SeedWriteOptions): Promise<string>;
  /** Removes all seeds of a node. */
  remove(node: string): Promise<void>;
}
