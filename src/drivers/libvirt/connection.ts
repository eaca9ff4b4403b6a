import { parseCapabilities } from '../../api/libvirt/domain.ts';
import type { Libvirt } from '../libvirt.ts';
import type { HostFacts } from './view.ts';

/** How libvirt answers, as the periodic lists and the events show it. */
export interface Connection {
  /** Rejects with the error of the last list while lists fail, and as soon as one does. */
  facts(): Promise<HostFacts>;
  /** Another libvirtd may answer from now on. */
  drop(): void;
  /** How the last list ended. @returns whether that is news */
  listed(error: Error | undefined): boolean;
}

export function createConnection(libvirt: Pick<Libvirt, 'version' | 'capabilities'>): Connection {
  let known: Promise<HostFacts> | undefined;
  let problem: Error | undefined;
  let failing = failure();

  async function read(): Promise<HostFacts> {
    const capabilities = parseCapabilities(await libvirt.capabilities());
    return { ...capabilities, version: await libvirt.version() };
  }
  return {
    facts() {
      if (problem !== undefined) return Promise.reject(problem);
      if (known !== undefined) return known;
      const reading = Promise.race([read(), failing.promise]);
      known = reading;
      reading.catch(() => {
        if (known === reading) known = undefined;
      });
      return reading;
    },
    drop() {
      known = undefined;
      problem = undefined;
    },
    listed(error) {
      const news = (error?.message ?? '') !== (problem?.message ?? '');
      problem = error;
      if (error === undefined) return news;
      known = undefined;
      failing.reject(error);
      failing = failure();
      return news;
    },
  };
}

/** Rejected once a list fails: a libvirtd that hangs answers who asks of the vmhost no sooner. */
function failure(): PromiseWithResolvers<never> {
  const found = Promise.withResolvers<never>();
  found.promise.catch(() => undefined);
  return found;
}
