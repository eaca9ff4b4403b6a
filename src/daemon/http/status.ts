/** meta/v1 Status of a request that failed. */
export function failure(reason: string, message: string, code: number): unknown {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code };
}

export function notFound(message: string): unknown {
  return failure('NotFound', message, 404);
}
