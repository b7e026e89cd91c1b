output "name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "security_group_id" {
  description = "The group EKS makes for the cluster and puts every node in: whom database and cache let in."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "oidc_provider_arn" {
  description = "ARN of the cluster's OIDC provider in IAM."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "oidc_issuer" {
  description = "The cluster's OIDC issuer, without https://."
  value       = local.oidc_issuer
}

output "log_groups" {
  description = "Names of this module's log groups."
  value       = [aws_cloudwatch_log_group.control_plane.name]
}
