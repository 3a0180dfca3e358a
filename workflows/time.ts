/** A time, ms, as operators read it in current details: to the second, in UTC. */
export function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
