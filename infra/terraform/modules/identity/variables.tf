variable "name" {
  description = "Name of the role."
  type        = string
}

variable "oidc_provider_arn" {
  description = "ARN of the cluster's OIDC provider in IAM."
  type        = string
}

variable "oidc_issuer" {
  description = "The cluster's OIDC issuer, without https://."
  type        = string
}

variable "namespace" {
  description = "Namespace of the service account."
  type        = string
}

variable "service_account" {
  description = "Name of the service account."
  type        = string
}

variable "statements" {
  description = "What the role may do, in the words of IAM's JSON."
  type        = any
  default     = []
}

variable "managed_policy_arns" {
  description = "Policies of AWS' own to attach, for parts of EKS that need them."
  type        = list(string)
  default     = []
}
