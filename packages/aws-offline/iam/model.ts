import type { Stored, HasStore, Collection } from "../store/store.ts";
import { ServiceError } from "../errors.ts";

type Holder = HasStore;

export const rolesOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("iam/roles");
export const rolePoliciesOf = (cloud: Holder): Collection<Stored> =>
  cloud.store.collection<Stored>("iam/role-policies");
export const policiesOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("iam/policies");
export const attachmentsOf = (cloud: Holder): Collection<Stored> =>
  cloud.store.collection<Stored>("iam/role-policy-attachments");

export function refuseMissingRole(cloud: Holder, name: string): void {
  if (!rolesOf(cloud).get(name))
    throw new ServiceError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
}
