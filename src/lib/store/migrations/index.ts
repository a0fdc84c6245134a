import {first} from './0001-first.ts'
import type {Migration} from './migration.ts'

/** All migrations in order. Append only. */
export const migrations: readonly Migration[] = [first]

/** The schema that this program works with. */
export const SCHEMA_VERSION = migrations.length
