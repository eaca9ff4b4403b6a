/** Of the vmhost; the k8slabd of the lab may write there. */
export const DIRECTORY = '/srv/crash';

/** What a step is called that is a packet to the guest of an order. */
export const PACKET = 'packet to ';

/** What is to happen to the daemon, as JSON in a file that is read at each step. */
export interface Order {
  /** Tells orders apart. */
  readonly id: number;
  /** From 1; 0 only counts. */
  readonly step: number;
  readonly when: 'before' | 'after';
  /** Address of a guest: each packet that is sent to its sshd is a step too. */
  readonly ssh?: string;
}
