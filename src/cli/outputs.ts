/** What `-o` of `k8slab get` may be. */
export const OUTPUTS = ['wide', 'yaml', 'json', 'name'] as const;
export type Output = (typeof OUTPUTS)[number];
