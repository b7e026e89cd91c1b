module "key" {
  source = "../key"

  name           = "${var.name}-cluster"
  description    = "Kubernetes Secrets of ${var.name} in etcd"
  account_id     = var.account_id
  region         = var.region
  administrators = var.key_administrators

  # EKS encrypts as the cluster's own role. Who makes the cluster must be able to give EKS its grant, and only such a one.
  statements = [
    {
      Sid       = "ControlPlane"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.cluster.arn }
      Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"]
      Resource  = "*"
    },
    {
      Sid       = "Creation"
      Effect    = "Allow"
      Principal = { AWS = var.key_administrators }
      Action    = ["kms:CreateGrant"]
      Resource  = "*"
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    },
  ]
}

resource "aws_cloudwatch_log_group" "control_plane" {
  # EKS gives the name; made here first, so that it is encrypted and kept as long as said.
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_iam_role" "cluster" {
  name = "${var.name}-cluster"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "eks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_eks_cluster" "this" {
  name                = var.name
  role_arn            = aws_iam_role.cluster.arn
  version             = var.kubernetes_version
  deletion_protection = true

  # The network plugin, proxy and DNS come from addons.tf alone: EKS' own first copies would ignore every NetworkPolicy until they are replaced.
  bootstrap_self_managed_addons = false

  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  # The API server has no address outside the network: operators come by VPN or Session Manager.
  vpc_config {
    subnet_ids              = var.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = module.key.arn
    }
  }

  # People and roles are let in by the access entries below and by nothing else; whoever made the cluster is nobody special.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  # A version at its end is upgraded and not paid for longer: extended support is where clusters grow old.
  upgrade_policy {
    support_type = "STANDARD"
  }

  depends_on = [
    aws_cloudwatch_log_group.control_plane,
    aws_iam_role_policy_attachment.cluster,
  ]
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_eks_access_entry" "administrator" {
  for_each = toset(var.administrators)

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value
}

resource "aws_eks_access_policy_association" "administrator" {
  for_each = toset(var.administrators)

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.administrator[each.value].principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

# Only a group: what it may do is the Role that k8s/base/rbac.yaml binds it to.
resource "aws_eks_access_entry" "secret_reader" {
  for_each = toset(var.secret_readers)

  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = each.value
  kubernetes_groups = ["stellar-escrow:secret-readers"]
}
