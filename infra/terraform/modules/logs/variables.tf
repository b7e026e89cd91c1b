variable "name" {
  description = "Name of the environment's things, e.g. stellar-escrow-dev."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the log groups."
  type        = string
}

variable "administrators" {
  description = "ARNs of the roles that administer the key."
  type        = list(string)
}
