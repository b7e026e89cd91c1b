variable "name" {
  description = "Name of the environment's things, e.g. stellar-escrow-dev."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits. It makes the buckets' names the only ones in the world."
  type        = string
}

variable "region" {
  description = "Region of the first copy."
  type        = string
}

variable "replica_region" {
  description = "Region of the second copy."
  type        = string
}

variable "lock_mode" {
  description = "GOVERNANCE or COMPLIANCE."
  type        = string
}

variable "lock_days" {
  description = "For how many days a backup cannot be deleted or changed."
  type        = number
}

variable "expire_days" {
  description = "After how many days a backup is deleted."
  type        = number
}

variable "key_administrators" {
  description = "ARNs of the roles that administer the keys."
  type        = list(string)
}
