import {secretUnresolved} from '../errors.ts'
import {Secret} from './secret.ts'

/** Reads secrets from environment variables; null where the variable is not set or empty. */
export type EnvironmentSecrets = (variable: string) => Secret | null

/**
 * Takes each variable out of `env` when it is first read, so that no program started later inherits it, and remembers
 * the value: two channels may name the same variable, and a connection is made again hours later.
 */
export function environmentSecrets(env: NodeJS.ProcessEnv): EnvironmentSecrets {
  const taken = new Map<string, Secret>()
  return (variable) => {
    const value = env[variable]
    if (value !== undefined && value !== '') taken.set(variable, new Secret(value))
    delete env[variable]
    return taken.get(variable) ?? null
  }
}

/** As above; throws 78 where there is none. `name` is the secret's name for people. */
export function readEnvironmentSecret(variable: string, name: string, environment: EnvironmentSecrets): Secret {
  const secret = environment(variable)
  if (secret === null)
    throw secretUnresolved(name, `its value is expected in the variable ${variable}, which is not set or empty`, [
      {
        text: 'Set it, without putting the value on a command line:',
        command: `read -rs ${variable} && export ${variable}`,
      },
      {text: 'Or store a copy here:', command: `postdesk secret set ${name}`},
    ])
  return secret
}
