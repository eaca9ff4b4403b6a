/** Why a vmhost, and what is bound to it, is Ready: Unknown. */
export const AWAY = 'VmhostAway';
