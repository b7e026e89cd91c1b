variable "name" {
  description = "Name of the cluster, and what the names of its things begin with."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes, e.g. 1.34."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the nodes and of the control plane's interfaces, in at least two zones."
  type        = list(string)
}

variable "nodes" {
  description = "The node group: instance types, and how many nodes at least, at first and at most."
  type = object({
    instance_types = list(string)
    minimum        = number
    desired        = number
    maximum        = number
  })
}

variable "administrators" {
  description = "ARNs of the roles that administer the cluster."
  type        = list(string)
}

variable "key_administrators" {
  description = "ARNs of the roles that administer the cluster's keys."
  type        = list(string)
}

variable "log_key_arn" {
  description = "ARN of the key that encrypts log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
}

variable "secret_readers" {
  description = "ARNs of the roles that are put in the group which may read stellar-escrow-secrets."
  type        = list(string)
}
